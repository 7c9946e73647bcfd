// As the project's image: healthy while the editor answers.
const request = require('http').get({ host: '127.0.0.1', port: process.env.PORT || 1880, timeout: 4000 }, (answer) => {
  process.exitCode = answer.statusCode < 500 ? 0 : 1;
  answer.resume();
});
request.on('error', () => process.exit(1));
