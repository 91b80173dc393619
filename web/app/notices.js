// Short notes that come and go: a new case, a move that was made, what went wrong.

import { arrived, failed } from "./city.js";
import { el } from "./dom.js";
import { icon } from "./icons.js";
import { route } from "./route.js";
import { said, t } from "./words.js";

const SHOWN_MS = 6_000;
const MOST = 4;
const place = () => document.getElementById("notices");

/** Tell of new cases and of failures by themselves. */
export function watchNotices() {
  arrived.watch((row) => row && notify(t("cases.new", { title: said(row, "title") }), {
    tone: row.severity, onOpen: () => route.open("case", row.id),
  }));
  failed.watch((problem) => problem && problem.status !== 401 && notify(problem.message, { tone: "bad", key: "failed" }));
}

/**
 * Show a note.
 * @param {string} text What to say.
 * @param {object} [facts] `tone` colours it; `key` replaces the note of the same key;
 *     `onOpen` makes it a button.
 */
export function notify(text, { tone = "ok", key = "", onOpen = null } = {}) {
  const note = el(
    `${onOpen ? "button" : "div"}.notice`,
    { "data-tone": tone, "data-key": key, on: { click: () => { note.remove(); onOpen?.(); } } },
    icon(tone === "ok" ? "check" : "warning", 16),
    el("span", { text }),
  );
  if (key) place().querySelector(`[data-key="${key}"]`)?.remove();
  place().append(note);
  while (place().children.length > MOST) place().firstChild.remove();
  setTimeout(() => note.remove(), SHOWN_MS);
}
