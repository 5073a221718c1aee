import { useBoard } from "../cockpit/use-board";
import { useHealth } from "../cockpit/use-health";
import { HealthMark } from "../ui/health-strip";
import { Heading, Section, Table } from "../ui/parts";

/** Every check with what it means, what follows and where the repair is described. */
export function HealthPage() {
  const checks = useHealth(useBoard());
  const count = checks.filter(({ state }) => state === "ok").length;
  return (
    <>
      <Heading title="Health">Health</Heading>
      <Section title="Checks" count={`${count} of ${checks.length} checked and in order`}>
        <Table caption="Checks" columns={["Of", "State", "Now", "What it means", "In the runbook"]}>
          {checks.map((check) => (
            <tr key={check.name}>
              <th scope="row">{check.name}</th>
              <td>
                <HealthMark state={check.state} isSaid />
              </td>
              <td class="c-two">{check.short}</td>
              <td class="c-wide">{check.detail}</td>
              <td class={`c-wide ${check.runbook === null ? "is-none" : ""}`}>
                {check.runbook ?? <span class="muted">none</span>}
              </td>
            </tr>
          ))}
        </Table>
        <p class="muted">
          Green was checked; a dashed ring is unknown; a dash is not due. The runbook is docs/runbook.md of the deployed
          version.
        </p>
      </Section>
    </>
  );
}
