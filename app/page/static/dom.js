// Elements are made here and nowhere else, and text only ever becomes text: there is no HTML in any string.
const SVG = "http://www.w3.org/2000/svg";

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, children);
  return element;
}

export function put(element, children) {
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

export const h = (name, properties = {}, ...children) => fill(document.createElement(name), properties, children);
export const svg = (name, properties = {}, ...children) => fill(document.createElementNS(SVG, name), properties, children);

// Replaces what is in an element, and leaves the keyboard where it was.
export function swap(element, ...children) {
  const active = element.contains(document.activeElement) ? document.activeElement.closest("[data-key]") : null;
  const key = active?.dataset.key;
  element.replaceChildren();
  put(element, children);
  if (key) element.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let last = "";
// Told to screen readers once, politely; what only moves is never told.
export function announce(text) {
  if (text === last) return;
  last = text;
  document.getElementById("announcer").textContent = text;
}
