// Copies a feed's address. Without this script the buttons stay hidden; the addresses stand
// beside them as text. Its words stand in the page, in the page's language.
"use strict";

(() => {
  const status = document.getElementById("copied");
  const QUIET_MS = 2000;

  // The clipboard interface exists on https and localhost only; elsewhere the old way must do.
  const copy = async (text) => {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return;
    }
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) throw new Error("the browser refused");
  };

  for (const button of document.querySelectorAll("button[data-copy]")) {
    const label = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      let word = status.dataset.copied;
      try {
        await copy(button.dataset.copy);
      } catch {
        word = status.dataset.byHand;
      }
      button.textContent = word;
      button.focus();
      status.textContent = `${word}: ${button.dataset.copy}`;
      setTimeout(() => {
        button.textContent = label;
        status.textContent = "";
      }, QUIET_MS);
    });
  }
})();
