import { act, render, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ErrorBoundary } from "./ErrorBoundary";
import { useAddress } from "./router";

function Fragile() {
  if (useAddress() === "#/broken") throw new Error("planted");
  return <p>fine</p>;
}

async function go(hash: string): Promise<void> {
  await act(async () => {
    window.location.hash = hash;
    await vi.waitFor(() => expect(window.location.hash).toBe(hash));
  });
}

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue();
});

describe("a failure to render", () => {
  it("is shown with a way out, and does not survive the next navigation", async () => {
    window.history.replaceState(null, "", "#/broken");
    render(
      <ErrorBoundary>
        <Fragile />
      </ErrorBoundary>,
    );
    expect(screen.getByRole("alert").textContent).toContain("The page has stopped working");
    expect(screen.getByRole("link", { name: "Go to the start page" }).getAttribute("href")).toBe("/");
    await go("#/");
    expect(await screen.findByText("fine")).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
  });
});
