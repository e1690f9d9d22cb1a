// What was filled in so far, by visitor.
const answers = {}; // state:declared

exports.remember = function (visitor, step, fields) {
  if (!answers[visitor]) answers[visitor] = {}; // state:written
  answers[visitor][step] = fields; // state:written
};

exports.summary = function (visitor) {
  return Object.assign({}, answers[visitor]);
};
