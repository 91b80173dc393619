// Light and dark; as the system has it until somebody chooses.

import { Signal } from "./signal.js";

const KEPT = "gezhi.theme";
const system = matchMedia("(prefers-color-scheme: light)");

/** The theme in use: light or dark. */
export const theme = new Signal(chosen());

// First of all watchers, so that whoever reads colours later reads the new ones.
theme.watch((name) => {
  document.documentElement.dataset.theme = name;
});
system.addEventListener("change", () => theme.set(chosen()));

/** Switch to the other one, and keep it. */
export function switchTheme() {
  const next = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem(KEPT, next);
  theme.set(next);
}

/** Return a colour of the theme in use by its name in tokens.css. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function chosen() {
  return localStorage.getItem(KEPT) ?? (system.matches ? "light" : "dark");
}
