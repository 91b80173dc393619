// Words in two languages, 中文 first. The switch redraws whatever watches `tongue`.

import en from "./en.js";
import { Signal } from "./signal.js";
import zh from "./zh.js";

const CATALOGUES = { zh, en };
const KEPT = "gezhi.language";

/** The language in use: zh or en. */
export const tongue = new Signal(localStorage.getItem(KEPT) === "en" ? "en" : "zh");

/** Return the language in use. */
export function language() {
  return tongue.value;
}

/** Return the locale that goes with it. */
export function locale() {
  return language() === "zh" ? "zh-CN" : "en-GB";
}

/** Switch to the other language. */
export function switchLanguage() {
  const next = language() === "zh" ? "en" : "zh";
  localStorage.setItem(KEPT, next);
  tongue.set(next);
}

/**
 * Return the words for a key.
 * @param {string} key Which words.
 * @param {object} [values] What to put in for `{name}`.
 * @param {string} [otherwise] What to say where the catalogue has nothing.
 */
export function t(key, values = {}, otherwise = key) {
  const words = CATALOGUES[language()][key] ?? otherwise;
  return words.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Return the field of a row in the language in use: `title_zh` or `title_en`. */
export function said(row, name) {
  if (!row) return "";
  return row[`${name}_${language()}`] || row[`${name}_zh`] || "";
}

/** Return the word pair's side in the language in use. */
export function side(pair, otherwise = "") {
  return pair ? pair[language()] : otherwise;
}
