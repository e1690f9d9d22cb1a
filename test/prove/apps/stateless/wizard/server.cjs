const express = require('express4');

const app = express();
app.use(express.urlencoded({ extended: true }));

const store = process.env.STORE_URL;
const steps = ['name', 'address', 'plan'];
const page = (step) => `<h1>Step: ${step}</h1><form method="post"><input name="value"><button>Next</button></form>`;

app.get('/apply/:visitor/:step', async (req, res) => {
  if (req.params.step === 'done') {
    const at = (step) => `${store}/${req.params.visitor}-${step}`;
    const given = await Promise.all(steps.map(async (step) => (await fetch(at(step))).json()));
    const missing = steps.filter((step, index) => !given[index]);
    if (missing.length > 0) return res.redirect(`/apply/${req.params.visitor}/${missing[0]}`);
    return res.send(`<h1>Thank you</h1><p>${given.map(({ value }) => value).join(', ')}</p>`);
  }
  res.send(page(req.params.step));
});

app.post('/apply/:visitor/:step', async (req, res) => {
  const { visitor, step } = req.params;
  await fetch(`${store}/${visitor}-${step}`, { method: 'PUT', body: JSON.stringify(req.body) });
  res.redirect(`/apply/${visitor}/${steps[steps.indexOf(step) + 1] || 'done'}`);
});

app.listen(process.env.PORT);
