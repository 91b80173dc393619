// Elements in one call; the page is built by hand, so building must be short.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element.
 * @param {string} tag Its name; classes may follow with dots: "button.quiet".
 * @param {object} [facts] Attributes; `on` holds listeners, `text` the text.
 * @param {...(Node|string|null|false)} children What is in it; null and false are left out.
 */
export function el(tag, facts = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  return filled(document.createElement(name), classes, facts, children);
}

/** Make an SVG element; the same arguments as `el`. */
export function svg(tag, facts = {}, ...children) {
  const [name, ...classes] = tag.split(".");
  return filled(document.createElementNS(SVG, name), classes, facts, children);
}

/** Put new children in place of the old ones. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter(Boolean));
  return parent;
}

function filled(node, classes, facts, children) {
  if (classes.length) node.classList.add(...classes);
  for (const [name, value] of Object.entries(facts)) {
    if (name === "on") listen(node, value);
    else if (name === "text") node.textContent = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function listen(node, listeners) {
  for (const [name, listener] of Object.entries(listeners)) node.addEventListener(name, listener);
}
