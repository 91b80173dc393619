// The log-in: a token is pasted once and kept in a cookie that scripts cannot read.

import { post } from "./api.js";
import { el, fill } from "./dom.js";
import { switchLanguage, t, tongue } from "./words.js";

const COMMAND = "gezhi token create --name 值班台 --role dispatcher";
let unwatch = null;

/**
 * Show the log-in.
 * @param {Element} place Where.
 * @param {string} why What to say first; empty for nothing.
 * @param {Function} onSession Called with the session once there is one.
 */
export function showLogin(place, why, onSession) {
  unwatch?.();
  unwatch = tongue.watch(() => draw(place, why, onSession));
}

function draw(place, why, onSession) {
  const error = el("p.login-error", { role: "alert", text: why, hidden: !why });
  const token = el("input", {
    id: "token", type: "password", autocomplete: "current-password", spellcheck: "false",
    required: true, placeholder: "gz_…", "aria-describedby": "login-hint",
  });
  const button = el("button.primary", { type: "submit", text: t("login.enter") });
  const form = el(
    "form.login-card",
    { on: { submit: (event) => { event.preventDefault(); send({ token, button, error }, onSession); } } },
    el("img", { src: "/page/icon.svg", width: 52, height: 52, alt: "" }),
    el("h1", { text: t("login.title") }),
    el("p.login-tagline", { text: t("login.tagline") }),
    el("label", { for: "token", text: t("login.token") }),
    token,
    error,
    button,
    el("p.login-hint", { id: "login-hint", text: t("login.hint") }),
    el("code", { text: COMMAND }),
  );
  const language = el("button.quiet.login-language", {
    type: "button", text: t("language"), title: t("language.title"), on: { click: switchLanguage },
  });
  fill(place, form, language);
  token.focus();
}

async function send({ token, button, error }, onSession) {
  button.disabled = true;
  button.textContent = t("login.entering");
  error.hidden = true;
  try {
    const session = await post("/session", { token: token.value });
    token.value = "";
    await onSession(session);
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
    token.select();
  } finally {
    button.disabled = false;
    button.textContent = t("login.enter");
  }
}
