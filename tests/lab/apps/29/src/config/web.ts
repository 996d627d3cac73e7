import { ActionheroConfigInterface } from "actionhero";
import * as stock from "actionhero/dist/config/web";

const port = process.env.PORT;

export const DEFAULT = {
  web: (config: ActionheroConfigInterface) => ({
    ...stock.DEFAULT.web(config),
    // A worker has a private server for health checks, and only when it is told where.
    enabled: process.env.ACTIONHERO_ROLE !== "worker" || port !== undefined,
    port: port ?? 8080,
    // Only with null does ActionHero make the socket one that nginx's user may connect to.
    bindIP: port?.startsWith("/") ? null : "127.0.0.1",
    bootAttempts: 3,
    padding: null as number,
  }),
};
