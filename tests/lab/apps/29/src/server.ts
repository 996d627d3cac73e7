import { Process } from "actionhero";

const app = new Process();

app.registerProcessSignals((code) => process.exit(code));
app.start();
