export { Status } from "actionhero/dist/actions/status";
