export * from "actionhero/dist/config/plugins";
