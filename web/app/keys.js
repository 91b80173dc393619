// Keys: up and down through the list, / to search, Esc to go back.

import { route } from "./route.js";
import { switchTheme } from "./theme.js";
import { closeTrip, trip } from "./trip.js";
import { switchLanguage } from "./words.js";

const WRITING = "input, textarea, select";

/** Listen for keys that work everywhere. */
export function watchKeys() {
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") back(event);
    else if (event.target.closest(WRITING)) return;
    else KEYS[event.key]?.(event);
  });
}

const KEYS = {
  "/": (event) => {
    event.preventDefault();
    document.querySelector("#search input")?.focus();
  },
  l: () => switchLanguage(),
  t: () => switchTheme(),
  ArrowDown: (event) => step(event, 1),
  ArrowUp: (event) => step(event, -1),
};

function back(event) {
  const writing = event.target.closest(WRITING);
  if (writing) writing.blur();
  else if (route.value) {
    const { kind, id } = route.value;
    route.shut();
    if (kind === "case") document.querySelector(`.case[data-id="${id}"]`)?.focus();
  } else if (trip.value) closeTrip();
}

function step(event, by) {
  const list = [...document.querySelectorAll(".case-list .case")];
  const at = list.indexOf(document.activeElement);
  if (at < 0) return;
  event.preventDefault();
  list[Math.max(0, Math.min(list.length - 1, at + by))].focus();
}
