import * as fs from "fs";
import * as path from "path";
import { Action, id } from "actionhero";

// Read once, when the process loads its code: it tells which revision is loaded, not what lies
// on disk by now.
const revision = fs.readFileSync(path.join(__dirname, "../../revision.txt"), "utf8").trim();

export class Revision extends Action {
  name = "revision";
  description = "Which revision of the code this process loaded";
  outputExample = { revision: "1", pid: 4711, id: "worker-1" };

  async run() {
    return { revision, pid: process.pid, id };
  }
}
