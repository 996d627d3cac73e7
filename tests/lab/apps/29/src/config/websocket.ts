import { ActionheroConfigInterface } from "actionhero";
import * as stock from "actionhero/dist/config/websocket";

export const DEFAULT = {
  websocket: (config: ActionheroConfigInterface) => ({
    ...stock.DEFAULT.websocket(config),
    enabled: process.env.ACTIONHERO_ROLE !== "worker",
    clientJsName: "", // minifying the client at every start is a third of its CPU
  }),
};
