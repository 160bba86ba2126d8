// A module that exports nothing at all.
module.exports = null;
