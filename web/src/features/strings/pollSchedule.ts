import { jittered } from "../../timing/jitter";

export const FIRST = 50;
export const SHORTEST = 250;
export const LONGEST = 2_000;
const GROWTH = 1.5;
const SPREAD = 1.25;

/**
 * The interval between polls: 50 ms after something was sent, 250 ms while states change, growing to 2 s while they
 * do not.
 *
 * The jitter is drawn once per step, not per access, because a changed interval restarts the query's timer.
 */
export class PollSchedule {
  private next = SHORTEST;
  private current = draw(SHORTEST);

  get delay(): number {
    return this.current;
  }

  reset(shortest = SHORTEST): void {
    this.next = shortest;
    this.current = draw(shortest);
  }

  /** Something was sent while nothing was under way: it is stored within some 20 ms unless there is a backlog. */
  hurry(): void {
    this.reset(FIRST);
  }

  backOff(): void {
    this.current = draw(this.next);
    this.next = Math.min(this.next * GROWTH, LONGEST / SPREAD);
  }
}

function draw(base: number): number {
  return jittered(base, base * SPREAD);
}
