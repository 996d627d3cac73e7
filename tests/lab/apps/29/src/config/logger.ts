export * from "actionhero/dist/config/logger";
