// What is pasted into the text keeps its headings, lists, links and emphasis: word processors offer HTML
// beside the plain text, and a plain field takes only the latter. What is left of it is for the intake to say.
"use strict";

(() => {
  const text = document.getElementById("body");
  const format = (name) => document.querySelector(`input[name="body_format"][value="${name}"]`);

  // What a paste has to have for HTML to say more than its plain text.
  const MEANING = /<(a|b|blockquote|del|em|h[1-6]|i|ins|li|ol|p|s|strike|strong|sub|sup|table|u|ul)[\s>]/i;

  const escaped = (plain) => plain.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  const paragraphs = (plain) =>
    plain
      .split(/\n\s*\n/)
      .filter((each) => each.trim())
      .map((each) => `<p>${escaped(each.trim())}</p>`)
      .join("\n\n");

  text.addEventListener("paste", (event) => {
    const whole = event.clipboardData.getData("text/html");
    const html = (/<!--StartFragment-->(.*)<!--EndFragment-->/s.exec(whole)?.[1] ?? whole).trim();
    if (!MEANING.test(html)) return;
    event.preventDefault();
    if (format("html").checked) {
      text.setRangeText(html, text.selectionStart, text.selectionEnd, "end");
      return;
    }
    const before = paragraphs(text.value.slice(0, text.selectionStart));
    const after = paragraphs(text.value.slice(text.selectionEnd));
    text.value = [before, html, after].filter(Boolean).join("\n\n");
    text.selectionStart = text.selectionEnd = text.value.length - (after ? after.length + 2 : 0);
    format("html").checked = true;
  });
})();
