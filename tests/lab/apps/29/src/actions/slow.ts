import { Action } from "actionhero";

const SECONDS = 3;

export class Slow extends Action {
  name = "slow";
  description = `Takes ${SECONDS} s, so that a deploy can meet requests in flight`;
  outputExample = { pid: 4711 };

  async run() {
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    return { pid: process.pid };
  }
}
