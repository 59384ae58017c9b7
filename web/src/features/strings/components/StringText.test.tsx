import { render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { StringText } from "./StringText";

describe("a text of many short lines", () => {
  const lines = "short\n".repeat(60);

  it("is unfolded on request", () => {
    render(<StringText text={lines} />);
    expect(screen.getByRole("button", { name: "Show all" })).toBeDefined();
  });

  it("is not said to be unfolded when only its beginning is there", () => {
    const { container } = render(<StringText text={lines} truncated />);
    expect(screen.queryByRole("button")).toBeNull();
    expect(container.textContent?.endsWith("…")).toBe(true);
  });
});
