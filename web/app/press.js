// A press counts although the page moves on: while a button is held down, what lies under
// the pointer is not drawn anew. A browser clicks nothing where what was pressed has gone.

let isDown = false;
const waiting = new Map();

addEventListener("pointerdown", (event) => { isDown = event.button === 0; }, { capture: true });
for (const end of ["pointerup", "pointercancel", "contextmenu", "blur"]) {
  addEventListener(end, letGo, { capture: true });
}
// It may have been let go where nobody told us.
addEventListener("pointermove", (event) => event.buttons || letGo(), { capture: true });

/** Return `draw`, put off while something is pressed: then once, with what it was told last. */
export function unpressed(draw) {
  return (...facts) => {
    if (isDown) waiting.set(draw, facts);
    else draw(...facts);
  };
}

/** Wait until nothing is pressed. */
export async function released() {
  while (isDown) await new Promise((go) => waiting.set(go, []));
}

/** The click of this press comes first, what has waited after it. */
function letGo() {
  if (!isDown) return;
  isDown = false;
  setTimeout(() => {
    const due = [...waiting];
    waiting.clear();
    for (const [draw, facts] of due) unpressed(draw)(...facts);
  });
}
