// The clients that a rendered config/redis asks for, as ActionHero makes them; tells each write.
// Arguments: the file, and a name for its keys. NODE_PATH has ioredis (and typescript for a .ts).
const fs = require("fs");

const file = process.argv[2], name = process.argv[3];
let path = file;
if (/\.ts$/.test(file)) {
  path = file.replace(/\.ts$/, ".js");
  const options = { compilerOptions: { module: "commonjs", target: "es2020" } };
  fs.writeFileSync(path, require("typescript").transpileModule(fs.readFileSync(file, "utf8"), options).outputText);
}
const made = require(path), config = made.DEFAULT ? made.DEFAULT.redis() : made.default.redis({});

["client", "tasks"].forEach(function (which) {
  const Konstructor = config[which].konstructor, args = config[which].args;
  const redis = new Konstructor(args[0], args[1], args[2]);
  redis.on("error", function (error) { console.log(which, "error", error.message); });
  function next() {
    const written = redis.incr(name + ":" + which);
    written.then(function (count) { console.log(which, count); }, function (error) { console.log(which, "failed", error.message); })
      .then(function () { setTimeout(next, 50); });
  }
  next();
});
