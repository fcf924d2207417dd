// What HTML cannot do by itself: keys that type, focus that stays, a list that stays short, a word when the lab is away.
"use strict";

const ROWS_MAX = 200;

// Where the caret is; a field that nobody has been in is typed at its end.
function caret(field) {
  if (document.activeElement !== field) return [field.value.length, field.value.length];
  return [field.selectionStart, field.selectionEnd];
}

function type(field, text) {
  const [at, end] = caret(field);
  if (field.value.length - (end - at) + text.length <= field.maxLength) {
    field.setRangeText(text, at, end, "end");
  }
}

function rubOut(field) {
  const [at, end] = caret(field);
  field.setRangeText("", at === end ? Math.max(0, end - 1) : at, end, "end");
}

function fieldOf(element) {
  return element.closest("form")?.querySelector("#entry, #amount, #sign-pin");
}

document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]");
  if (key) type(document.getElementById(key.dataset.for), key.dataset.key);
  const rubout = event.target.closest("[data-rubout]");
  if (rubout) rubOut(document.getElementById(rubout.dataset.rubout));
});

// A key of a keypad does not take the focus, so that the caret stays where it is.
document.addEventListener("mousedown", (event) => {
  if (event.target.closest("[data-key], [data-rubout]")) event.preventDefault();
});

// Digits typed while a key of a device has the focus go where the keypad's would.
document.addEventListener("keydown", (event) => {
  const field = event.target.matches("button") && !event.ctrlKey && !event.metaKey && !event.altKey && fieldOf(event.target);
  if (!field) return;
  if (/^[0-9*#]$/.test(event.key)) type(field, event.key);
  else if (event.key === "Backspace") rubOut(field);
});

// Enter sends a message, as on a phone; with Shift it is a new line.
document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-send]") || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

// After a hop the next answer can be typed at once; on a touch screen that would open the keyboard over the phone.
let wasInHandset = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  wasInHandset = event.detail.target.id === "handset" && event.detail.target.contains(document.activeElement);
});
document.addEventListener("htmx:afterSettle", () => {
  const focused = document.activeElement;
  const stayed = focused === document.body || focused.closest("#handset");
  if (wasInHandset && stayed && matchMedia("(pointer: fine)").matches) {
    const entry = document.getElementById("entry");
    entry.focus({ preventScroll: true });
    entry.setSelectionRange(entry.value.length, entry.value.length);
  }
  wasInHandset = false;
  const rows = document.getElementById("rows");
  while (rows.children.length > ROWS_MAX) rows.lastElementChild.remove();
});

function away(isAway) {
  document.querySelector(".offline").hidden = !isAway;
}
document.addEventListener("htmx:sendError", () => away(true));
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.detail.xhr.status > 0) away(false);
});
