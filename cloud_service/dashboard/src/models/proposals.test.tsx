import { cleanup, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";

import { queryClient } from "../api/queries.ts";
import type { AssessmentSummary, ProposalRequest, ProposalState, ProposalView } from "../api.gen.ts";
import { proposalsQuery } from "./api.ts";
import { type Decision, decisionsOn } from "./proposal.ts";
import { ProposalList } from "./ProposalList.tsx";
import { Proposals } from "./Proposals.tsx";
import { Propose } from "./Propose.tsx";
import { ProposeButton } from "./ProposeButton.tsx";
import { aProposal, DIGEST } from "./testAssessments.ts";
import { show } from "./testPage.tsx";

const ASSESSMENT: AssessmentSummary = {
  id: "22222222-2222-4222-8222-222222222222",
  model_digest: DIGEST,
  model_name: "se-cnn",
  model_version: "2026.2",
  champion_digest: "b".repeat(64),
  champion_name: "se-cnn",
  champion_version: "2026.1",
  scope: "north",
  passed: true,
  failed: [],
  job_id: "33333333-3333-4333-8333-333333333333",
  created_at: "2026-11-25T09:00:00Z",
  overtaken: null,
};

afterEach(() => {
  cleanup();
  queryClient.clear();
  vi.unstubAllGlobals();
});

/** A server that lists what `proposals` holds, and refuses each wish since somebody was faster: that changes the list. */
function serveAndRefuse(before: ProposalView[], after: ProposalView[]): void {
  let proposals = before;
  vi.stubGlobal("fetch", (request: Request) => {
    if (request.method === "GET") {
      return Promise.resolve(Response.json(proposals));
    }
    proposals = after;
    return Promise.resolve(Response.json({ detail: "Somebody was faster." }, { status: 409 }));
  });
}

/** A server that cannot say what there is. */
function serveNothing(): void {
  vi.stubGlobal("fetch", () => Promise.resolve(Response.json({ detail: "Not to you." }, { status: 403 })));
}

const names = () => screen.queryAllByRole("button").map(({ textContent }) => textContent);

describe("what one may do with a proposal", () => {
  test("is for who made it to withdraw it, for another to decide, and for nobody once it is decided", () => {
    expect(decisionsOn(aProposal({ is_own: true, obstacle: "a.lang proposed it; another administrator must approve it." }))).toEqual(["withdraw"]);
    expect(decisionsOn(aProposal())).toEqual(["approve", "refuse"]);
    expect(decisionsOn(aProposal({ obstacle: "Another model is in service by now." }))).toEqual(["refuse"]);
    const over: ProposalState[] = ["approved", "refused", "withdrawn", "overtaken"];
    for (const state of over) {
      expect(decisionsOn(aProposal({ state }))).toEqual([]);
    }
  });

  test("the second person approves with a reason, after reading what comes of it", async () => {
    const decide = vi.fn<(proposal: ProposalView, decision: Decision, reason: string) => Promise<void>>(() => Promise.resolve());
    const proposal = aProposal({ override_reason: "The only site with this stain." });
    await show(<ProposalList proposals={[proposal]} decide={decide} />);
    const user = userEvent.setup();
    expect(document.body.textContent).toContain("Against the gate. It did not pass. The only site with this stain.");

    await user.click(screen.getByRole("button", { name: "Approve…" }));
    const window = await screen.findByRole("dialog");
    expect(window.textContent).toContain("a.lang proposed it; your name stands beside it as the second person.");
    expect(window.textContent).toContain("Against the gate.");
    await user.type(screen.getByLabelText("Reason"), "Agreed.");
    await user.click(screen.getByRole("button", { name: "Approve" }));

    expect(decide).toHaveBeenCalledExactlyOnceWith(proposal, "approve", "Agreed.");
  });

  test("who made it is told that another administrator must approve", async () => {
    await show(<ProposalList proposals={[aProposal({ is_own: true, obstacle: "a.lang proposed it; another administrator must approve it." })]} decide={() => Promise.resolve()} />);
    expect(document.body.textContent).toContain("You cannot approve it: a.lang proposed it; another administrator must approve it.");
    expect(names()).toEqual(["Withdraw…"]);
  });

  test("who may only read is offered nothing", async () => {
    await show(<ProposalList proposals={[aProposal()]} decide={() => Promise.resolve()} />, ["see-models"]);
    expect(document.body.textContent).toContain("Waits for another administrator");
    expect(names()).toEqual([]);
  });

  test("a decision that is refused says so in its window, with what was typed, although nothing waits any more", async () => {
    serveAndRefuse([aProposal()], [aProposal({ state: "overtaken" })]);
    await show(<Proposals />);
    const user = userEvent.setup();
    await user.click(await screen.findByRole("button", { name: "Approve…" }));
    await user.type(await screen.findByLabelText("Reason"), "Agreed.");
    await user.click(screen.getByRole("button", { name: "Approve" }));

    await screen.findByText("None waits for a decision.");
    expect((await screen.findByRole("alert")).textContent).toBe("Somebody was faster.");
    expect(screen.getByLabelText<HTMLTextAreaElement>("Reason").value).toBe("Agreed.");
  });

  test("a refusal is shown with who decided and why", async () => {
    const refused = aProposal({ state: "refused", decided_by: "b.kern", decided_at: "2026-11-25T09:30:00Z", decision_reason: "Too slow." });
    await show(<ProposalList proposals={[refused]} decide={() => Promise.resolve()} />);
    expect(document.body.textContent).toMatch(/Refused by b\.kern .*: Too slow\./);
  });
});

describe("proposals that could not be loaded", () => {
  test("are told of with the reason, not as none", async () => {
    serveNothing();
    await show(<Proposals />);
    expect((await screen.findByRole("alert")).textContent).toContain("Not to you.");
    expect(names()).toEqual(["Try again"]);
  });

  test("hinder another one, since one may wait among them", async () => {
    serveNothing();
    await show(<ProposeButton assessment={ASSESSMENT} />);
    await vi.waitFor(() => {
      expect(queryClient.getQueryState(proposalsQuery.queryKey)?.status).toBe("error");
    });
    expect(names()).toEqual([]);
  });
});

describe("a proposal", () => {
  test("of a model that passed asks why, and stands on its assessment", async () => {
    const act = vi.fn<(wish: ProposalRequest) => Promise<void>>(() => Promise.resolve());
    await show(<Propose assessment={ASSESSMENT} act={act} onClose={() => undefined} />);
    const user = userEvent.setup();
    expect((await screen.findByRole("dialog")).textContent).toContain("at site north in place of se-cnn 2026.1.");
    await user.type(screen.getByLabelText("Reason"), "Finds more.");
    await user.click(screen.getByRole("button", { name: "Propose" }));

    expect(act).toHaveBeenCalledExactlyOnceWith({ scope: "north", assessment_id: ASSESSMENT.id, reason: "Finds more.", override_reason: null });
  });

  test("of one that did not says so plainly, and asks for a reason of its own", async () => {
    const act = vi.fn<(wish: ProposalRequest) => Promise<void>>(() => Promise.resolve());
    await show(<Propose assessment={{ ...ASSESSMENT, passed: false, failed: ["Speed"] }} act={act} onClose={() => undefined} />);
    const user = userEvent.setup();
    expect((await screen.findByRole("dialog")).textContent).toMatch(/This model did not pass the gate\..*“Speed”: failed/);
    const why = screen.getByLabelText<HTMLTextAreaElement>("Why in spite of that");
    expect(why.required).toBe(true);
    await user.type(screen.getByLabelText("Reason"), "New stain.");
    await user.type(why, "Slow is enough there.");
    await user.click(screen.getByRole("button", { name: "Propose against the gate" }));

    const wish = { scope: "north", assessment_id: ASSESSMENT.id, reason: "New stain.", override_reason: "Slow is enough there." };
    expect(act).toHaveBeenCalledExactlyOnceWith(wish);
  });

  test("that is refused says so in its window, with what was typed, although another waits by now", async () => {
    serveAndRefuse([], [aProposal({ scope: "north" })]);
    await show(<ProposeButton assessment={ASSESSMENT} />);
    const user = userEvent.setup();
    await user.click(await screen.findByRole("button", { name: "Propose…" }));
    await user.type(await screen.findByLabelText("Reason"), "Finds more.");
    await user.click(screen.getByRole("button", { name: "Propose" }));

    expect((await screen.findByRole("alert")).textContent).toBe("Somebody was faster.");
    await vi.waitFor(() => {
      expect(names()).not.toContain("Propose…");
    });
    expect(screen.getByLabelText<HTMLTextAreaElement>("Reason").value).toBe("Finds more.");
  });
});
