// One question before something is lost; the answer that loses nothing has the focus.
import { h } from "./dom.js";

export function confirm(title, sentence, yes, no = "Keep it") {
  const dialog = document.getElementById("dialog");
  return new Promise((resolve) => {
    const keep = h("button", { type: "button", autofocus: true, onclick: () => dialog.close("") }, no);
    const lose = h("button", { type: "button", class: "danger", onclick: () => dialog.close("yes") }, yes);
    dialog.replaceChildren(h("h2", { id: "dialog-title" }, title), h("p", {}, sentence), h("div", { class: "choices" }, keep, lose));
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}
