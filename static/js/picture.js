// @ts-check
/**
 * When to draw: with the screen's next picture, however much has changed until then. In a flood
 * twenty times a second, since nobody reads faster, and the machine has other things to do.
 */

const FLOOD = 10;
const FLOOD_MS = 50;

export class Picture {
  #asked = false;
  #changes = 0;
  #last = { at: 0, changes: 0 };

  /** @param {() => void} draw */
  constructor(draw) {
    this.draw = draw;
  }

  /** Something has changed. */
  ask() {
    this.#changes += 1;
    if (this.#asked) return;
    this.#asked = true;
    const { at, changes } = this.#last;
    const wait = changes > FLOOD ? at + FLOOD_MS - performance.now() : 0;
    if (wait > 0) setTimeout(() => this.#next(), wait);
    else this.#next();
  }

  #next() {
    requestAnimationFrame((at) => {
      this.#asked = false;
      this.#last = { at, changes: this.#changes };
      this.#changes = 0;
      this.draw();
    });
  }
}
