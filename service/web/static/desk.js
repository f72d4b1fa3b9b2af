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

// Files that are chosen or dropped anywhere on the page. Each has fields of its own, in the order in which a
// form sends the files.
(() => {
  const files = document.getElementById("file");
  const text = document.getElementById("document");
  const template = document.getElementById("new-file");
  const rows = new Map();

  const nameOf = (file) => `${file.name}/${file.size}/${file.lastModified}`;

  const rowOf = (file) => {
    const row = template.content.firstElementChild.cloneNode(true);
    row.querySelector("bdi").textContent = file.name;
    if (!file.type.startsWith("image/")) {
      // The field stays: each file has one of each, so that they belong together by their order.
      row.querySelector('[name="new_alt"]').closest("p").hidden = true;
      row.querySelector('[name="new_decoration"]').closest("label").hidden = true;
    }
    return row;
  };

  const number = (row, index) => {
    row.querySelector('[name="new_decoration"]').value = index;
    for (const label of row.querySelectorAll("label[for]")) {
      const field = row.querySelector(`#${label.htmlFor}`);
      field.id = label.htmlFor = label.htmlFor.replace(/[0-9]+$/, index);
    }
  };

  const show = () => {
    const wanted = [...files.files].map(nameOf);
    for (const [name, row] of rows) {
      row.remove();
      if (!wanted.includes(name)) rows.delete(name);
    }
    let last = files.closest("fieldset");
    [...files.files].forEach((file, index) => {
      const name = nameOf(file);
      if (!rows.has(name)) rows.set(name, rowOf(file));
      number(rows.get(name), index);
      last.after(rows.get(name));
      last = rows.get(name);
    });
  };

  const give = (field, added) => {
    const all = new DataTransfer();
    const held = field.multiple ? [...field.files] : [];
    const names = held.map(nameOf);
    for (const file of [...held, ...added.filter((each) => !names.includes(nameOf(each)))]) all.items.add(file);
    field.files = all.files;
    field.dispatchEvent(new Event("change"));
  };

  files.addEventListener("change", show);
  // A browser that comes back to the page may still have the files.
  show();

  document.addEventListener("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) event.preventDefault();
  });

  document.addEventListener("drop", (event) => {
    const dropped = [...event.dataTransfer.files];
    if (!dropped.length) return;
    // Otherwise the browser leaves the page, and what was written there, to show the file.
    event.preventDefault();
    const suffixes = text ? text.accept.split(",") : [];
    const isText = (file) => suffixes.some((each) => file.name.toLowerCase().endsWith(each));
    const taken = event.target === files || text?.files.length ? undefined : dropped.find(isText);
    if (taken) give(text, [taken]);
    const others = dropped.filter((each) => each !== taken);
    if (others.length) give(files, others);
  });
})();
