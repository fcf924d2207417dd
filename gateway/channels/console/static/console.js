// Small comforts; every page works without them.
"use strict";
// A second press on a slow link must not send a form twice (the server's form key holds the line anyway).
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  if (question && !window.confirm(question)) { event.preventDefault(); return; }
  for (const button of event.target.querySelectorAll("button")) setTimeout(() => { button.disabled = true; }, 0);
});
document.addEventListener("click", (event) => { if (event.target.closest("button[data-print]")) window.print(); });
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("form button[disabled]")) button.disabled = false;
});
