// Text as it is being written: whole paragraphs are set at once, what is still growing stays plain.
import { h } from "./dom.js";
import { render } from "./markdown.js";

const FENCE = /^ {0,3}(```|~~~)/;

export function growing(level) {
  const tail = h("p", { class: "plain tail" });
  const element = h("div", { class: "prose" }, tail);
  let text = "";
  return {
    element,
    clear() {
      text = "";
      element.replaceChildren(tail);
      tail.textContent = "";
    },
    add(more) {
      text += more;
      const whole = settled(text);
      if (whole) tail.before(...render(text.slice(0, whole), level));
      text = text.slice(whole);
      tail.textContent = text;
    },
  };
}

// Where the last whole paragraph ends: after an empty line outside of code.
function settled(text) {
  let inside = false;
  let at = 0;
  let whole = 0;
  for (const line of text.split("\n").slice(0, -1)) {
    at += line.length + 1;
    if (FENCE.test(line)) inside = !inside;
    if (!inside && !line.trim()) whole = at;
  }
  return whole;
}
