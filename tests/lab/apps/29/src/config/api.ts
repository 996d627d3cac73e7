import * as path from "path";
import * as stock from "actionhero/dist/config/api";

const inDist = (name: string) => [path.join(__dirname, "..", name)];
const inApp = (name: string) => [path.join(__dirname, "..", "..", name)];

export const DEFAULT = {
  general: () => ({
    ...stock.DEFAULT.general(),
    serverToken: process.env.SERVER_TOKEN ?? "only for the lab",
    paths: {
      action: inDist("actions"),
      task: inDist("tasks"),
      server: inDist("servers"),
      cli: inDist("bin"),
      initializer: inDist("initializers"),
      public: inApp("public"),
      pid: inApp("pids"),
      log: inApp("log"),
      plugin: inApp("node_modules"),
      test: inApp("__tests__"),
      src: inApp("src")[0],
      dist: inApp("dist")[0],
    },
  }),
};
