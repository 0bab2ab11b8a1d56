// What the theme adds to tables and code blocks once the page is loaded.
const improve = () => {
  // Tables that scroll sideways can be reached, and so scrolled, by keyboard.
  document.querySelectorAll(".md-typeset__scrollwrap").forEach((table) => table.setAttribute("tabindex", "0"));
  // The theme makes a landmark of each button for copying, so each needs a name of its own.
  document
    .querySelectorAll(".md-code__nav")
    .forEach((buttons, index) => buttons.setAttribute("aria-label", `Code ${index + 1}`));
};

new MutationObserver(improve).observe(document.body, { childList: true, subtree: true });
improve();
