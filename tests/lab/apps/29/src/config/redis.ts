// The stock file takes REDIS_HOST and REDIS_PORT from the environment.
export * from "actionhero/dist/config/redis";
