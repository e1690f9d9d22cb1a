const express = require('express4');
const wizard = require('./wizard.cjs');

const app = express();
app.use(express.urlencoded({ extended: true }));

const steps = ['name', 'address', 'plan'];
const page = (step) => `<h1>Step: ${step}</h1><form method="post"><input name="value"><button>Next</button></form>`;

app.get('/apply/:visitor/:step', (req, res) => {
  if (req.params.step === 'done') {
    const given = wizard.summary(req.params.visitor);
    const missing = steps.filter((step) => !given[step]);
    if (missing.length > 0) return res.redirect(`/apply/${req.params.visitor}/${missing[0]}`);
    return res.send(`<h1>Thank you</h1><p>${steps.map((step) => given[step].value).join(', ')}</p>`);
  }
  res.send(page(req.params.step));
});

app.post('/apply/:visitor/:step', (req, res) => {
  const { visitor, step } = req.params;
  wizard.remember(visitor, step, req.body);
  res.redirect(`/apply/${visitor}/${steps[steps.indexOf(step) + 1] || 'done'}`);
});

app.listen(process.env.PORT);
