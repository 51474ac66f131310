"use strict";
// The language: what the address asks for (?lang=pt), else what the browser prefers, else the one that was written in.
const asked = new URLSearchParams(location.search).get("lang");
const preferred = asked ? [asked] : navigator.languages || [navigator.language];
const wanted = preferred.map((tag) => tag.slice(0, 2).toLowerCase()).find((tag) => tag === "pt" || tag === "en");
const switches = [...document.querySelectorAll('input[name="language"]')];
for (const choice of switches) {
  if (wanted) choice.checked = choice.id === `language-${wanted}`;
  choice.addEventListener("change", announce);
}
function announce() {
  document.documentElement.lang = switches.find((choice) => choice.checked).value;
}
announce();

// Tables: a heading sorts by its column, and again the other way; what has no value stays last.
for (const heading of document.querySelectorAll("th[data-sort]")) {
  heading.tabIndex = 0;
  heading.addEventListener("click", () => sortBy(heading));
  heading.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    sortBy(heading);
  });
}
function sortBy(heading) {
  const column = heading.cellIndex;
  const body = heading.closest("table").tBodies[0];
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of heading.parentElement.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const numeric = heading.dataset.sort === "number";
  const key = (row) => (numeric ? parseFloat(row.cells[column].dataset.value) : row.cells[column].textContent);
  const rows = [...body.rows].map((row) => [key(row), row]);
  rows.sort(([a], [b]) => {
    if (numeric && (isNaN(a) || isNaN(b))) return isNaN(a) - isNaN(b);
    const order = numeric ? a - b : a.localeCompare(b, undefined, { numeric: true });
    return down ? -order : order;
  });
  body.append(...rows.map(([, row]) => row));
}

// What works only here is hidden until now: a page whose script does not run shows none of it.
for (const part of document.querySelectorAll(".tools, .readout")) part.hidden = false;

// Tables: the box filters the rows by their names.
for (const box of document.querySelectorAll("input[data-filter]")) {
  const rows = [...box.closest(".tools").nextElementSibling.querySelector("tbody").rows];
  const names = rows.map((row) => [...row.cells].filter((cell) => !cell.classList.contains("number")));
  const texts = names.map((cells) => cells.map((cell) => cell.textContent).join(" ").toLowerCase());
  box.addEventListener("input", () => {
    const wanted = box.value.trim().toLowerCase();
    rows.forEach((row, place) => (row.hidden = !texts[place].includes(wanted)));
  });
}

// Files: the numbers and the picture of a figure, and the rows of a table, made here out of what the page holds.
for (const button of document.querySelectorAll("button[data-save]")) {
  button.addEventListener("click", () => {
    const figure = button.closest("figure");
    const name = `${document.title.split(" · ")[0]}-${button.dataset.name}`;
    if (button.dataset.save === "svg") return save(`${name}.svg`, "image/svg+xml", alone(figure.querySelector("svg")));
    const makers = { csv: () => figure.querySelector("template").content.textContent, confusion, table: rowsOf };
    save(`${name}.csv`, "text/csv;charset=utf-8", "\ufeff" + makers[button.dataset.save](button));
  });
}
function save(name, type, content) {
  const link = document.createElement("a");
  link.download = name.replace(/[\\/:*?"<>|\s]+/g, "-");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
// On white, in the light colours, which stand first in the style; other programs know nothing of the page's variables.
function alone(svg) {
  const copy = svg.cloneNode(true);
  const colours = document.styleSheets[0].cssRules[0].style;
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  const attributes = { xmlns: "http://www.w3.org/2000/svg", "xmlns:xlink": "http://www.w3.org/1999/xlink", width, height };
  for (const [key, value] of Object.entries(attributes)) copy.setAttribute(key, value);
  copy.style.cssText = `background:#fff;font-family:${colours.getPropertyValue("--sans")}`;
  const written = new XMLSerializer().serializeToString(copy);
  return written.replace(/var\((--\w+)\)/g, (_, variable) => colours.getPropertyValue(variable).trim());
}
function csv(rows) {
  const number = /^-?[\d.]+(e-?\d+)?$/;
  const cell = (text) => (/^[=+\-@\t]/.test(text) && !number.test(text) ? `'${text}` : text).replaceAll('"', '""');
  return rows.map((row) => row.map((text) => `"${cell(String(text))}"`).join(",") + "\n").join("");
}
function rowsOf(button) {
  const table = button.closest(".tools").nextElementSibling.querySelector("table");
  const rows = [table.tHead.rows[0], ...table.tBodies[0].rows].map((row) => [...row.cells]);
  const shown = rows[0].map((_, place) => !rows[0][place].classList.contains("wide"));
  const text = (cell) => cell.dataset.value ?? cell.textContent;
  return csv(rows.map((cells) => cells.filter((_, place) => shown[place]).map(text)));
}

// The confusion matrix: what is pointed at, and its counts.
const kept = document.getElementById("confusion-cells");
const { classes, cells } = kept ? JSON.parse(kept.content.textContent) : { classes: [], cells: [] };
const seen = new Map();
for (const [row, , count] of cells) seen.set(row, (seen.get(row) ?? 0) + count);
function confusion() {
  return csv([["true", "predicted", "images"], ...cells.map(([row, column, count]) => [classes[row], classes[column], count])]);
}
for (const figure of kept ? document.querySelectorAll("figure.matrix") : []) {
  const readout = figure.parentElement.querySelector(".readout");
  figure.addEventListener("pointermove", (event) => {
    const box = figure.querySelector("image").getBoundingClientRect();
    const side = box.width / classes.length;
    const across = (event.clientX - box.left) / side, down = (event.clientY - box.top) / side;
    if (Math.min(across, down) < 0 || Math.max(across, down) >= classes.length) return;
    // Of cells smaller than a finger's point, the nearest that is not empty.
    const reach = Math.max(0.5, 4 / side);
    let nearest = [Math.floor(down), Math.floor(across), 0], least = Infinity;
    for (const cell of cells) {
      const away = Math.max(Math.abs(cell[0] + 0.5 - down), Math.abs(cell[1] + 0.5 - across));
      if (away <= reach && away < least) [nearest, least] = [cell, away];
    }
    const [row, column, count] = nearest;
    const words = row === column ? readout.dataset.right : readout.dataset.wrong;
    const whole = (value) => value.toLocaleString(document.documentElement.lang);
    const values = { true: classes[row], predicted: classes[column], count: whole(count), images: whole(seen.get(row) ?? 0) };
    readout.textContent = words.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  });
}
