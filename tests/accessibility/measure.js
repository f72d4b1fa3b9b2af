// What is wrong with a page as it is laid out: a list of sentences, empty for a good page.
(() => {
  const faults = new Set();
  const width = window.innerWidth;
  const name = (element) => {
    const id = element.id ? `#${element.id}` : "";
    const classes = [...element.classList].map((each) => `.${each}`).join("");
    return `<${element.localName}${id}${classes}> “${element.textContent.trim().slice(0, 40)}”`;
  };

  const wide = document.scrollingElement.scrollWidth;
  if (wide > width) faults.add(`the page is ${wide} px wide in a window of ${width} px`);

  // Somebody who can scroll to the rest has lost nothing; an element for programs alone is not seen.
  const scrolls = (style) => /auto|scroll/.test(style.overflowX);
  const hides = (style) => /hidden|clip/.test(style.overflowX + style.overflowY);
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    const element = text.parentElement;
    if (!text.data.trim() || element.closest(".unseen, .skip, script, template")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(text);
    const rects = [...range.getClientRects()].filter((rect) => rect.width > 1 && rect.height > 1);
    let isInScroller = false;
    for (let above = element; above !== document.body; above = above.parentElement) {
      const style = getComputedStyle(above);
      if (scrolls(style)) isInScroller = true;
      else if (hides(style) && !isInScroller && style.webkitLineClamp === "none") {
        const box = above.getBoundingClientRect();
        for (const rect of rects) {
          if (rect.left < box.left - 1 || rect.right > box.right + 1 || rect.bottom > box.bottom + 4)
            faults.add(`cut by ${name(above)}: ${name(element)}`);
        }
      }
    }
    if (isInScroller) continue;
    for (const rect of rects) {
      if (rect.left < -1 || rect.right > width + 1) faults.add(`over the edge: ${name(element)}`);
      texts.push({ element, rect });
    }
  }

  for (const field of document.querySelectorAll("input[placeholder]")) {
    if (!field.checkVisibility() || field.value) continue;
    const style = getComputedStyle(field);
    const brush = document.createElement("canvas").getContext("2d");
    brush.font = style.font;
    const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    // A search field keeps no room for its cross while it is empty.
    if (brush.measureText(field.placeholder).width > room + 1)
      faults.add(`cut: the placeholder “${field.placeholder}”`);
  }

  // Lines of one block may touch each other; texts of two blocks must not.
  const block = (element) => {
    while (getComputedStyle(element).display.startsWith("inline")) element = element.parentElement;
    return element;
  };
  const isClamped = (element) => element.closest(".entry-summary") !== null;
  const boxes = texts
    .filter(({ element }) => !isClamped(element))
    .map(({ element, rect }) => {
      const trim = rect.height / 4;
      return { element, block: block(element), left: rect.left + 1, right: rect.right - 1,
               top: rect.top + trim, bottom: rect.bottom - trim };
    })
    .sort((one, other) => one.top - other.top);
  boxes.forEach((one, index) => {
    for (let next = index + 1; next < boxes.length && boxes[next].top < one.bottom; next += 1) {
      const other = boxes[next];
      if (one.block === other.block) continue;
      if (one.left < other.right && other.left < one.right)
        faults.add(`overlap: ${name(one.element)} and ${name(other.element)}`);
    }
  });

  for (const picture of document.images) {
    const box = picture.getBoundingClientRect();
    if (box.right > width + 1 || box.left < -1) faults.add(`over the edge: picture ${picture.src}`);
  }
  return [...faults].slice(0, 20);
})()
