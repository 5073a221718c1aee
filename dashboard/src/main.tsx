import { render } from "preact";
import { App } from "./app";
import { connect } from "./backend";

const root = document.getElementById("app") as HTMLElement;

connect().then(
  (backend) => {
    root.replaceChildren();
    render(<App backend={backend} />, root);
  },
  (error) => {
    root.replaceChildren();
    render(
      <main class="lone">
        <h1>Maestro cannot be reached</h1>
        <p>{String(error)}</p>
        <p>Check the connection, then reload this page.</p>
      </main>,
      root,
    );
  },
);
