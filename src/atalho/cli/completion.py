"""`atalho completion`: what a shell offers when Tab is pressed, as a script for bash, zsh or fish.

The parser makes such scripts too. They offer no files for an argument that may be a file or a name, as DATA and RUN
are, and tell of the options in English whatever the language.
"""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

from cyclopts import App, Parameter
from cyclopts.argument import Argument

from atalho.cli import help
from atalho.text import N_, _


@dataclass(frozen=True)
class _Option:
    """An option: what it means, whether a value follows, and the accepted values where they are few."""

    flag: str
    meaning: str
    takes_value: bool
    choices: tuple[str, ...]


@dataclass(frozen=True)
class _Command:
    """A command by its words (none for the program), with what may follow: commands or names, and options."""

    words: tuple[str, ...]
    names: dict[str, str]
    options: tuple[_Option, ...]

    @property
    def way(self) -> str:
        """As the scripts keep it: a blank before each word."""
        return "".join(f" {word}" for word in self.words)


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help=N_("shell to write the script for"))], /
) -> int:
    """Print the script."""
    from atalho.cli import app

    program, *commands = _commands(app.build(), ())
    help_words = {"help": _("Show this help.")}
    commands = [replace(program, names=program.names | help_words), replace(program, words=("help",)), *commands]
    print(_SCRIPTS[shell](commands), end="")
    return 0


def _commands(app: App, words: tuple[str, ...]) -> Iterator[_Command]:
    below = [name for name in app if not name.startswith("-")]
    arguments = app.assemble_argument_collection() if app.default_command else ()
    names = {name: app[name].help for name in below}
    options = [_Option(flag, _("Show this help."), False, ()) for flag in ("--help", "--help-all")]
    for argument in arguments:
        choices = _choices(argument)
        if flags := help.flags(argument):
            meaning = _(argument.parameter.help) if argument.parameter.help else ""
            options += [_Option(flag, meaning, not argument.is_flag(), choices) for flag in flags]
        elif argument.index is not None:
            names |= dict.fromkeys(choices, "")
    yield _Command(words, names, tuple(options))
    for name in below:
        yield from _commands(app[name], (*words, name))


def _choices(argument: Argument) -> tuple[str, ...]:
    if "--model.name" in argument.names:
        from atalho.networks.catalogue import list_models

        return tuple(list_models())
    return tuple(argument.get_choices() or ())


def _ways(commands: Sequence[_Command], quoted: str = "'{}'", between: str = "|") -> str:
    """The words of all commands, as one pattern or list of the shell."""
    return between.join(quoted.format(command.way) for command in commands if command.words)


_BASH: Final = """# atalho in bash: atalho completion bash > ~/.local/share/bash-completion/completions/atalho
_atalho() {{
    local word way="" words="" current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case "$way $word" in
            {ways}) way="$way $word" ;;
        esac
    done
    # bash takes the sign in --option=value for a word of its own.
    if [[ $current == = ]]; then current=""; elif [[ $before == = ]]; then before="${{COMP_WORDS[COMP_CWORD-2]}}"; fi
    case "$way $before" in
        {values}
        *)
            if [[ $current == -* ]]; then
                case "$way" in
                    {options}
                esac
            else
                case "$way" in
                    {names}
                esac
            fi ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -o bashdefault -o default -F _atalho atalho
"""

_ZSH: Final = """#compdef atalho
# atalho in zsh: atalho completion zsh > a folder of $fpath/_atalho
_atalho() {{
    local word way="" current="${{words[CURRENT]}}" before="${{words[CURRENT-1]}}"
    local -a offered kind
    for word in "${{(@)words[2,CURRENT-1]}}"; do
        case "$way $word" in
            ({ways}) way="$way $word" ;;
        esac
    done
    if [[ $current == --*=* ]]; then before="${{current%%=*}}"; current=""; compset -P '*='; fi
    case "$way $before" in
        {values}
        (*)
            if [[ $current == -* ]]; then
                kind=(-o)
                case "$way" in
                    {options}
                esac
            else
                case "$way" in
                    {names}
                esac
            fi ;;
    esac
    if (( $#offered )); then _describe $kind atalho offered; fi
    if (( ! $#offered || ! compstate[nmatches] )); then _files; fi
}}
if [[ $funcstack[1] == _atalho ]]; then _atalho "$@"; else compdef _atalho atalho; fi
"""

_FISH: Final = """# atalho in fish: atalho completion fish > ~/.config/fish/completions/atalho.fish
function __atalho_way
    set -l way ''
    for word in (commandline -opc)[2..-1]
        if contains -- "$way $word" {ways}
            set way "$way $word"
        end
    end
    echo $way
end
complete -c atalho -e
{lines}
"""


def _bash(commands: Sequence[_Command]) -> str:
    def cases(rows: dict[str, str]) -> str:
        return "\n        ".join(f"{pattern}) words={shlex.quote(words)} ;;" for pattern, words in rows.items())

    return _BASH.format(
        ways=_ways(commands),
        values=cases(
            {f"'{c.way} {o.flag}'": " ".join(o.choices) for c in commands for o in c.options if o.takes_value}
        ),
        options=cases({f"'{c.way}'": " ".join(o.flag for o in c.options) for c in commands}),
        names=cases({f"'{c.way}'": " ".join(c.names) for c in commands}),
    )


def _zsh(commands: Sequence[_Command]) -> str:
    def cases(rows: dict[str, dict[str, str]]) -> str:
        return "\n        ".join(
            f"({pattern}) offered=({' '.join(shlex.quote(_described(*row)) for row in offered.items())}) ;;"
            for pattern, offered in rows.items()
        )

    return _ZSH.format(
        ways=_ways(commands),
        values=cases(
            {f"'{c.way} {o.flag}'": dict.fromkeys(o.choices, "") for c in commands for o in c.options if o.takes_value}
        ),
        options=cases({f"'{c.way}'": {o.flag: o.meaning for o in c.options} for c in commands}),
        names=cases({f"'{c.way}'": c.names for c in commands}),
    )


def _described(name: str, meaning: str) -> str:
    return f"{name}:{meaning}" if meaning else name


def _fish(commands: Sequence[_Command]) -> str:
    def quote(words: str) -> str:
        return "'" + words.replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = []
    for command in commands:
        here = f"complete -c atalho -n {quote(f'test (__atalho_way) = {quote(command.way)}')}"
        lines += [f"{here} -f -a {quote(name)} -d {quote(text)}" for name, text in command.names.items()]
        for option in command.options:
            kind = "-s" if len(option.flag) == 2 else "-l"
            values = (
                f" -x -a {quote(' '.join(option.choices))}" if option.choices else " -r" if option.takes_value else ""
            )
            lines.append(f"{here} {kind} {option.flag.lstrip('-')}{values} -d {quote(option.meaning)}")
    return _FISH.format(ways=_ways(commands, between=" "), lines="\n".join(lines))


_SCRIPTS: Final = {"bash": _bash, "zsh": _zsh, "fish": _fish}
