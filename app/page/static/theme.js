// Light or dark, before anything is painted: what was chosen here, else what the system says.
(() => {
  const KEY = "exai-theme";
  const root = document.documentElement;
  const read = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is switched off
    }
  };
  const show = (theme) => (theme ? (root.dataset.theme = theme) : delete root.dataset.theme);
  const words = { light: "light", dark: "dark" };
  show(read());
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const say = () => {
      button.querySelector("[data-said]").textContent = words[root.dataset.theme] ?? "as the system";
    };
    say();
    button.addEventListener("click", () => {
      const dark = root.dataset.theme
        ? root.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      const next = dark ? "light" : "dark";
      show(next);
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // it then lasts as long as the page
      }
      say();
    });
  });
})();
