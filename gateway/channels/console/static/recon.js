// Hands on the keyboard: j/k move, enter does the row's first thing or links what is chosen, x chooses, u undoes.
// Rows are marked data-row; every key does what a button or link on the page does, so that each page works without this file.
"use strict";
const LATIN = { KeyJ: "j", KeyK: "k", KeyX: "x", KeyU: "u" };
const keysOn = () => document.getElementById("keys-on");
const rowsOf = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.offsetParent !== null);
const boxOf = (row) => row.querySelector("input[data-choose]");
let current = null;

function take(row, { scroll = true } = {}) {
  for (const other of rowsOf()) other.tabIndex = other === row ? 0 : -1;
  current = row ? row.dataset.row : null;
  if (!row) return;
  row.focus({ preventScroll: true });
  if (scroll) row.scrollIntoView({ block: "nearest" });
}
function step(by) {
  const rows = rowsOf();
  if (!rows.length) return;
  const place = rows.findIndex((row) => row.dataset.row === current);
  const inside = rows.some((row) => row.contains(document.activeElement));
  const next = place < 0 || (!inside && current === null) ? 0 : place + by;
  take(rows[Math.min(Math.max(next, 0), rows.length - 1)]);
}
function choose(row, on) {
  const box = row && boxOf(row);
  if (!box) return;
  box.checked = on ?? !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}
function enter(row) {
  const own = row.querySelector("[data-enter=first]");
  if (own) { own.click(); return; }
  const chosen = document.querySelectorAll("input[data-choose]:checked").length;
  const go = document.querySelector("[data-together]");
  if (chosen > 1 && go) {
    const empty = [...go.form.elements].find((field) => field.matches("[data-ask]") && !field.value.trim());
    if (empty) empty.focus(); else go.click();
    return;
  }
  row.querySelector("[data-enter]")?.click();
}
const keyOf = (event) => (LATIN[event.code] && event.key.length === 1 ? LATIN[event.code] : event.key);

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.isComposing) return;
  const row = event.target.closest?.("[data-row]");
  const typing = event.target.closest?.("input:not([type=checkbox]), select, textarea");
  if (typing) {
    const go = document.querySelector("[data-together]");
    if (event.key === "Enter" && go && event.target.matches("[data-ask]")) { event.preventDefault(); go.click(); }
    if (event.key === "Escape") take(rowsOf().find((one) => one.dataset.row === current) || rowsOf()[0]);
    return;
  }
  // Behind the help nothing moves; and a key that is held down says "next row" many times, but "undo" only once.
  if ((keysOn() && !keysOn().checked) || document.querySelector("dialog[open]")) return;
  const key = keyOf(event);
  if (key === "j" || key === "k") step(key === "j" ? 1 : -1);
  else if (event.repeat) return;
  else if (key === "x" && row) choose(row);
  else if (key === "u") document.querySelector("[data-undo]")?.click();
  else if (key === "Enter" && row && event.target === row) enter(row);
  else return;
  event.preventDefault();
});
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-row]");
  if (row && row.dataset.row !== current) { current = row.dataset.row; for (const one of rowsOf()) one.tabIndex = one === row ? 0 : -1; }
});
document.addEventListener("change", (event) => {
  if (event.target.id === "keys-on") localStorage.setItem("keys", event.target.checked ? "on" : "off");
  if (event.target.matches("input[data-all]")) for (const row of rowsOf()) if (boxOf(row)?.form === event.target.form) choose(row, event.target.checked);
});

function settle() {
  if (keysOn()) keysOn().checked = localStorage.getItem("keys") !== "off";
  const rows = rowsOf();
  const here = rows.find((row) => row.dataset.row === current) || rows[0];
  for (const row of rows) row.tabIndex = row === here ? 0 : -1;
}
// After a swap the focus goes to the row that was there, or to the one that has come into its place.
let place = -1;
document.addEventListener("htmx:beforeSwap", (event) => {
  const target = event.detail.target;
  const held = target?.contains(document.activeElement);
  place = held ? Math.max(rowsOf().findIndex((row) => row.contains(document.activeElement)), 0) : -1;
});
document.addEventListener("htmx:afterSettle", () => {
  settle();
  if (place < 0) return;
  const rows = rowsOf();
  const same = rows.find((row) => row.dataset.row === current);
  take(same || rows[Math.min(place, rows.length - 1)] || null);
  if (!rows.length) document.getElementById("work")?.focus();
  place = -1;
});
for (const failed of ["htmx:responseError", "htmx:sendError"]) document.addEventListener(failed, () => window.location.reload());
document.addEventListener("DOMContentLoaded", settle);
if (document.readyState !== "loading") settle();
