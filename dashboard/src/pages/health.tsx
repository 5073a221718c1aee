import { useBoard } from "../cockpit/use-board";
import { useHealth } from "../cockpit/use-health";
import { HealthMark } from "../ui/health-strip";
import { CELL, Head, Heading, ROW, Section, TABLE } from "../ui/parts";

/** Every check with what it means, what follows and where the repair is described. */
export function HealthPage() {
  const checks = useHealth(useBoard());
  const count = checks.filter(({ state }) => state === "ok").length;
  return (
    <>
      <Heading title="Health">Health</Heading>
      <Section title="Checks" count={`${count} of ${checks.length} checked and in order`}>
        <table class="t cards" aria-label="Checks" {...TABLE}>
          <Head columns={["Of", "State", "Now", "What it means", "In the runbook"]} />
          <tbody>
            {checks.map((check) => (
              <tr key={check.name} {...ROW}>
                <th scope="row">{check.name}</th>
                <td data-name="State" {...CELL}>
                  <HealthMark state={check.state} isSaid />
                </td>
                <td class="c-now" data-name="Now" {...CELL}>
                  {check.short}
                </td>
                <td class="c-text" data-name="What it means" {...CELL}>
                  {check.detail}
                </td>
                <td class={`c-text ${check.runbook === null ? "is-none" : ""}`} data-name="In the runbook" {...CELL}>
                  {check.runbook ?? <span class="muted">none</span>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <p class="muted">
          Green was checked; a dashed ring is unknown; a dash is not due. The runbook is docs/runbook.md of the deployed
          version.
        </p>
      </Section>
    </>
  );
}
