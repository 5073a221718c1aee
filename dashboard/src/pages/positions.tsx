import { useBoard } from "../cockpit/use-board";
import { DriftSection } from "../ui/drift-section";
import { LivePositionsSection } from "../ui/live-positions";
import { Heading } from "../ui/parts";
import { ReservationsSection } from "../ui/reservations";

/** Orders under way change by redemptions, which no page may listen to. */
const EVERY_MS = 15_000;

/** What is held and what is under way, now; and what redeemed signals hold of the buying power. */
export function Positions() {
  const board = useBoard(EVERY_MS);
  return (
    <>
      <Heading title="Positions">Positions</Heading>
      <LivePositionsSection board={board} />
      <DriftSection onDrift={board.cockpit.state === "ready" ? (board.cockpit.value?.on_drift ?? null) : null} />
      <ReservationsSection />
    </>
  );
}
