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
