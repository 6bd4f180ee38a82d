import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test } from "vitest";

import { queryClient } from "../api/queries.ts";
import type { ModelState } from "../api.gen.ts";
import { ModelActions } from "./ModelActions.tsx";
import { aModel } from "./testModels.ts";

afterEach(cleanup);

function actions(state: ModelState) {
  return (
    <QueryClientProvider client={queryClient}>
      <ModelActions model={aModel({ state })} />
    </QueryClientProvider>
  );
}

test("of a rejected model nothing is offered, but what is being typed stays when another rejects it", async () => {
  const { rerender } = render(actions("candidate"));
  const user = userEvent.setup();
  await user.click(screen.getByRole("button", { name: "Reject…" }));
  await user.type(await screen.findByLabelText("Reason"), "It follows the scale bar.");
  rerender(actions("rejected"));

  expect(screen.queryByText("Reject…")).toBeNull();
  expect(screen.queryByText("Assess…")).toBeNull();
  expect(screen.getByLabelText<HTMLTextAreaElement>("Reason").value).toBe("It follows the scale bar.");
});
