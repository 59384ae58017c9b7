import { vi } from "vitest";

/** jsdom has no layout: reports every observed element as visible. */
export function makeEverythingVisible(): void {
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
