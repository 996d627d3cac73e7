export * from "actionhero/dist/config/errors";
