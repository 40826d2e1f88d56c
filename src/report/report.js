// Search, order, copying and links to findings. All of the report is there and readable without it.
(function () {
  'use strict';
  var main = document.querySelector('main'), findings = Array.from(document.querySelectorAll('details.f'));
  function make(tag, attributes, text) {
    var element = document.createElement(tag);
    Object.keys(attributes).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    element.textContent = text || '';
    return element;
  }
  // ---- Links: the address bar opens a finding, and each one gives its address.
  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (var e = target; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true;
    target.scrollIntoView();
  }
  addEventListener('hashchange', reveal);
  // ---- Copying
  function copy(text, button) {
    function done() {
      button.textContent = 'copied';
      setTimeout(function () { button.textContent = button.dataset.text; }, 1500);
    }
    function byHand() {
      var area = make('textarea', {readonly: ''});
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
      done();
    }
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, byHand); else byHand();
  }
  function button(text, what) {
    var made = make('button', {type: 'button', class: 'copy', 'data-text': text}, text);
    made.addEventListener('click', function () { copy(what(), made); });
    return made;
  }
  function equip(pre) { pre.before(button('copy', function () { return pre.textContent; })); }
  document.querySelectorAll('main > pre').forEach(equip);
  main.addEventListener('toggle', function (event) { // heard on its way down; there may be ten thousand
    var one = event.target, inside = one.open && one.querySelector('.inside');
    if (!inside || one.dataset.equipped) return;
    one.dataset.equipped = 'yes';
    inside.querySelectorAll('pre').forEach(equip);
    if (one.id) inside.append(button('copy link', function () { return location.href.split('#')[0] + '#' + one.id; }));
  }, true);
  // ---- Search and order
  if (findings.length < 2) { reveal(); return; }
  var bar = make('div', {class: 'filters', role: 'search'}), told = make('span', {class: 'soft', role: 'status'});
  var search = make('input', {type: 'search', placeholder: 'port, name, rule...', 'aria-label': 'Search findings'});
  var order = make('select', {'aria-label': 'Order of findings'});
  ['by severity', 'by port', 'by endpoint', 'by verdict'].forEach(function (text) { order.append(make('option', {}, text)); });
  var label = make('label', {}, 'Search ');
  label.append(search);
  bar.append(label, order, told);
  findings[0].before(bar);
  var texts = null;
  search.addEventListener('input', function () {
    var words = search.value.toLowerCase().split(/\s+/).filter(Boolean), count = 0;
    texts = texts || findings.map(function (one) { return one.textContent.toLowerCase(); });
    findings.forEach(function (one, i) {
      var found = words.every(function (word) { return texts[i].includes(word); });
      one.classList.toggle('unfound', !found);
      count += found;
    });
    told.textContent = words.length ? count + ' of ' + findings.length : '';
  });
  function part(one, selector) { return one.querySelector(selector).textContent; }
  var keys = [null, function (one) { return part(one, 'code').padStart(20, '0'); }, function (one) { return part(one, 'summary span'); },
              function (one) { return part(one, 'summary b + b'); }];
  order.addEventListener('change', function () {
    var key = keys[order.selectedIndex], sorted = findings.slice();
    if (key) {
      var by = new Map(findings.map(function (one) { return [one, key(one)]; }));
      sorted.sort(function (a, b) { return by.get(a) < by.get(b) ? -1 : by.get(a) > by.get(b) ? 1 : 0; });
    }
    bar.after.apply(bar, sorted);
  });
  reveal();
})();
