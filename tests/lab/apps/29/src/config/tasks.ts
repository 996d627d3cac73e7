import * as stock from "actionhero/dist/config/tasks";

const works = process.env.ACTIONHERO_ROLE === "worker";

export const DEFAULT = {
  tasks: () => ({
    ...stock.DEFAULT.tasks(),
    scheduler: works,
    minTaskProcessors: works ? 1 : 0,
    maxTaskProcessors: works ? 2 : 0,
  }),
};
