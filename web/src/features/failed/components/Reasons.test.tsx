import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { LanguageContext } from "../../../i18n/language";
import { Reasons } from "./Reasons";

const nothing = () => undefined;
const groups = ["one", "two"].map((reason) => ({ reason, count: 1 }));

function reasons(hasMore: boolean) {
  const counts = { counted: 2, total: 3, countMore: nothing };
  return (
    <LanguageContext value="en">
      <Reasons reasons={{ groups, hasMore, ...counts }} busy={false} onSearch={nothing} onBegin={nothing} />
    </LanguageContext>
  );
}

it("passes the focus of its button to the groups once all strings are counted", () => {
  const { rerender } = render(reasons(true));
  screen.getByRole("button", { name: "Count more" }).focus();
  rerender(reasons(true));
  expect(document.activeElement?.textContent).toBe("Count more");
  rerender(reasons(false));
  expect(document.activeElement).toBe(screen.getByRole("list"));
});

it("leaves the focus where it is when that is elsewhere", () => {
  const { rerender } = render(reasons(true));
  rerender(reasons(false));
  expect(document.activeElement).toBe(document.body);
});
