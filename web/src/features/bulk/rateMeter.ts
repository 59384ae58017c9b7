const WINDOW = 10_000;

/** The rate over the last ten seconds. */
export class RateMeter {
  private samples: { at: number; count: number }[] = [];
  private readonly startedAt = performance.now();

  count(count: number): void {
    this.samples.push({ at: performance.now(), count });
  }

  /** Null until something has been counted. */
  perSecond(): number | null {
    const now = performance.now();
    this.samples = this.samples.filter(({ at }) => at > now - WINDOW);
    const milliseconds = Math.min(WINDOW, now - this.startedAt);
    const total = this.samples.reduce((sum, { count }) => sum + count, 0);
    return total > 0 && milliseconds > 0 ? (total / milliseconds) * 1000 : null;
  }
}
