import { vi } from "vitest";

/** jsdom lays nothing out: everything that is observed is taken to be in sight. */
export function putEverythingInSight(): void {
  class Observer {
    private readonly report: IntersectionObserverCallback;

    constructor(report: IntersectionObserverCallback) {
      this.report = report;
    }

    observe(target: Element): void {
      const entry = { isIntersecting: true, boundingClientRect: target.getBoundingClientRect() };
      this.report([entry as IntersectionObserverEntry], this as unknown as IntersectionObserver);
    }

    disconnect(): void {}
  }
  vi.stubGlobal("IntersectionObserver", Observer);
  vi.stubGlobal("scrollTo", () => undefined);
  Element.prototype.scrollIntoView = () => undefined;
}
