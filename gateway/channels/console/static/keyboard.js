// The keyboard of every page: "/" goes to the search, "g" and a letter to a page of the menu, "?" shows the keys.
"use strict";
(() => {
  const GO_MS = 1500;
  let goes = 0;
  const typing = (target) => target.isContentEditable || target.closest("input:not([type=checkbox], [type=radio]), select, textarea");
  const help = () => document.getElementById("keys");
  function show() { const dialog = help(); if (dialog && !dialog.open) dialog.showModal(); }
  function search() {
    const field = document.getElementById("find") ?? document.querySelector("main input[type=search]");
    if (field) { field.focus(); field.select(); }
    return Boolean(field);
  }
  // A letter is where it lies on the keyboard as well as what it writes: with a Persian layout "l" writes another.
  function letter(event) {
    const key = event.key.toLowerCase();
    if (/^[a-z]$/.test(key)) return key;
    return /^Key[A-Z]$/.test(event.code) && event.key.length === 1 ? event.code.slice(3).toLowerCase() : "";
  }
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (typing(event.target) || help()?.open) return;
    const key = letter(event);
    if (goes && Date.now() - goes < GO_MS) {
      goes = 0;
      const link = key && document.querySelector(`nav.side a[data-key="${key}"]`);
      event.stopImmediatePropagation();
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    goes = 0;
    if (key === "g" && !event.shiftKey) { goes = Date.now(); event.stopImmediatePropagation(); }
    else if (event.key === "?" || event.key === "؟") { event.preventDefault(); show(); }
    else if (event.key === "/" && search()) event.preventDefault();
  }, true);
  document.addEventListener("click", (event) => { if (event.target.closest("button[data-keys]")) show(); });
})();
